/**
 * A workflow of steps that each call the ledger and show it the ticket of the step before: what a
 * step read can be compared with what was recorded.
 */
export function chainManifest(steps: number, ledgerPort: number): string {
  const lines = ['apiVersion: behest.dev/v1', 'kind: Workflow', 'metadata: { name: chain }'];
  lines.push('spec:', '  steps:');
  for (let step = 1; step <= steps; step += 1) {
    const previous = step === 1 ? '0' : `'{{ s${step - 1}.output.body.ticket }}'`;
    lines.push(
      `    - id: s${step}`,
      '      type: http',
      '      timeout: 20s',
      '      retry: { maxAttempts: 12, initialDelay: 200ms, maxDelay: 2s }',
      '      config:',
      '        method: POST',
      `        url: http://127.0.0.1:${ledgerPort}/effects`,
      `        body: { run: '{{ run.id }}', step: ${step}, previous: ${previous} }`,
    );
  }
  lines.push(`  output: { last: '{{ s${steps}.output.body.ticket }}' }`, '');
  return lines.join('\n');
}
