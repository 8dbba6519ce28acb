interface Page<T> {
  readonly items: readonly T[];
  readonly next: string;
}

/** Every item of all pages, or the first `most`. */
export async function listAll<T>(
  page: (pageToken: string) => Promise<Page<T>>,
  most = Number.POSITIVE_INFINITY,
): Promise<T[]> {
  const items: T[] = [];
  let token = '';
  do {
    const { items: more, next } = await page(token);
    items.push(...more);
    token = next;
  } while (token !== '' && items.length < most);
  return items.slice(0, most);
}
