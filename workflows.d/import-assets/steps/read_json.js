// Phase fetch: the second register comes from another system, as JSON.
function process(source) {
  const rows = JSON.parse(readFile(source.path));
  console.log(`read ${rows.length} rows from ${source.path}`);
  return rows.map((row, index) => ({ place: `${source.path}#${index}`, ...row }));
}
