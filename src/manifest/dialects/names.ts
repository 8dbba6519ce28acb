/** A DNS label of a title: "Customer Support Workflow" → `customer-support-workflow`. */
export function slug(title: string): string {
  return words(title).join('-').slice(0, 63).replace(/-+$/, '');
}

/** A step id of a title: "Fetch External" → `fetch_external`. */
export function snake(title: string): string {
  const id = words(title).join('_').slice(0, 63).replace(/_+$/, '');
  return /^[0-9]/.test(id) ? `_${id}`.slice(0, 63) : id;
}

/** A title of an upper-case constant: `IMPORT_ASSETS` → "Import assets". */
export function titleOfConstant(constant: string): string {
  const text = words(constant).join(' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function words(text: string): readonly string[] {
  return text
    .normalize('NFKD')
    .replaceAll('ß', 'ss')
    .replace(/\p{M}/gu, '')
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
}

/** A template of a step's output, by an id that may hold dashes. */
export function outputOf(id: string): string {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(id) ? `{{ ${id}.output }}` : `{{ steps["${id}"].output }}`;
}
