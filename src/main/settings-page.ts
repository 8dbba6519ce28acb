import { type Setting, settingGroups } from './settings.ts';

/** docs/operations/settings.md, made from the table so that it cannot lie. */
export function settingsPage(): string {
  const groups = Object.entries(settingGroups).map(([title, group]) => {
    const rows = Object.values<Setting<unknown>>(group).map(row);
    return [`## ${title}`, '', '| Name | Default | |', '| --- | --- | --- |', ...rows, ''].join(
      '\n',
    );
  });
  return [intro, ...groups, outro].join('\n');
}

function row({ name, default: value, shown, about }: Setting<unknown>): string {
  const usual = shown ?? (value === '' ? 'not set' : `\`${value}\``);
  return `| \`${name}\` | ${usual} | ${about} |`;
}

const intro = `# Settings

The server reads its settings from the environment and from a file \`.env\` in the directory it is
started in; the environment wins. All of them are checked at start: a wrong value ends it with exit
code 2 and one line for each problem. An unknown name that starts with \`BEHEST_\` is warned about.

Durations are written \`500ms\`, \`30s\`, \`5m\`, \`2h\`; sizes \`65536\`, \`512KiB\`, \`10MiB\`.
This page is made from \`src/main/settings.ts\`.
`;

const outro = `## Command line

| Name | Default | |
| --- | --- | --- |
| \`BEHEST_SERVER\` | \`http://127.0.0.1:8080\` | Server that the commands talk to, and that \`http\` steps of a separate runner mean by a \`url\` that is only a path. |
| \`BEHEST_TOKEN\` | \`$BEHEST_DATA_DIR/token\` for a server on loopback | Token they show. |
| \`BEHEST_NAMESPACE\` | \`default\` | Namespace they work in. |
| \`NO_COLOR\` | not set | Anything: no colour. |
`;
