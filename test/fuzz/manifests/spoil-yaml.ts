import {
  isCollection,
  isMap,
  isScalar,
  isSeq,
  parseAllDocuments,
  Pair,
  Scalar,
  visit,
  type Document,
  type Node,
} from 'yaml';
import type { Dice } from '../../simulation/dice.ts';
import type { Spoil } from './mutant.ts';
import { MAX_TEXT } from './spoil-tree.ts';

const tags = [
  '!!str',
  '!!int',
  '!!float',
  '!!null',
  '!!bool',
  '!!binary',
  '!!set',
  '!!omap',
  '!!timestamp',
  '!!js/function',
  '!local',
  '!<tag:x,2024:y>',
  '!',
];

/** Edits of how the text says it: anchors, aliases, tags, merge keys, twice the same key, styles. */
export const spoilYaml: Spoil = (dice, text) => {
  if (text.length > MAX_TEXT) return text;
  try {
    const documents = parseAllDocuments(text, { logLevel: 'silent', uniqueKeys: false });
    if (documents.length === 0 || documents.some(({ errors }) => errors.length > 0)) return text;
    for (let i = dice.between(1, 3); i > 0; i -= 1) edit(dice, dice.pick([...documents]));
    return documents.map(String).join('');
  } catch {
    // The library refuses to print what it would not read; the text goes on as it was.
    return text;
  }
};

function edit(dice: Dice, document: Document.Parsed): void {
  const nodes: Node[] = [];
  visit(document, {
    Node: (_, node) => {
      if (isScalar(node) || isCollection(node)) nodes.push(node);
    },
  });
  if (nodes.length === 0) return;
  const node = dice.pick(nodes);
  const other = dice.pick(nodes);
  switch (dice.below(6)) {
    case 0:
      if (isScalar(node) || isCollection(node)) node.tag = dice.pick(tags);
      return;
    case 1:
      return shareNode(dice, document, { node, other });
    case 2:
      if (isMap(node) && node.items[0] !== undefined) node.items.push(dice.pick(node.items));
      return;
    case 3: {
      const key = new Scalar(dice.pick(['<<', '__proto__', 1, null, true, 1.5, Number.NaN]));
      if (isMap(node))
        (node.items as unknown[]).push(new Pair(key, isScalar(other) ? other : null));
      return;
    }
    case 4:
      if (isCollection(node)) node.flow = !(node.flow ?? false);
      if (isScalar(node))
        node.type = dice.pick([
          'BLOCK_FOLDED',
          'BLOCK_LITERAL',
          'PLAIN',
          'QUOTE_DOUBLE',
          'QUOTE_SINGLE',
        ]);
      return;
    default:
      node.comment = dice.pick([' note', '\t', ' {{ }}', ' 📦\n second']);
  }
}

/** An alias to this node somewhere else: also inside itself, or before it. */
function shareNode(
  dice: Dice,
  document: Document.Parsed,
  { node, other }: { node: Node; other: Node },
): void {
  if (!isScalar(node) && !isCollection(node)) return;
  node.anchor = dice.pick(['a', 'b', 'first', 'a']);
  const alias = document.createAlias(node);
  if (isSeq(other)) other.items.push(alias);
  else if (isMap(other))
    (other.items as unknown[]).push(
      new Pair(new Scalar(dice.pick(['x', 'config', 'needs', '<<'])), alias),
    );
}
