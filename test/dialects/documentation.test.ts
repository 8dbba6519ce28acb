import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { read } from './read-one.ts';

/** What the examples refer to. */
const beside = {
  'normalise.py': 'def process(input): return input',
  'upload.py': 'def process(input): return input',
  'image_edit.js': 'function process(input) { return input }',
  'import_assets.py': 'def fetch(x): return x\ndef process(x): return x',
};

test.each(['docs/spec/workflow.md', 'docs/spec/run.md', 'docs/dialects.md'])(
  'every example of %s is accepted as it is printed',
  async (page) => {
    const text = await readFile(new URL(`../../${page}`, import.meta.url), 'utf8');
    const examples = [...text.matchAll(/^```(yaml|json)\n([\s\S]*?)^```$/gm)];
    expect(examples.length).toBeGreaterThan(0);
    for (const [, language = '', example = ''] of examples) {
      const { problems, resources } = read({ ...beside, [`example.${language}`]: example });
      expect(problems).toEqual([]);
      expect(resources).toHaveLength(1);
    }
  },
);
