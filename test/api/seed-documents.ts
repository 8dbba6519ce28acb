/** The documents that seeds 002 and 003 print or describe, as they are printed there. */
export const customerSupport = {
  name: 'Customer Support Workflow',
  description: 'Automated customer support workflow',
  nodes: [
    { id: 'start', type: 'start', config: {} },
    {
      id: 'classify',
      type: 'llm',
      config: { model: 'gpt-4', prompt: 'Classify this customer inquiry: {{input.message}}' },
    },
    {
      id: 'route',
      type: 'conditional',
      config: {
        condition: "{{classify.output.category}} == 'technical'",
        true_edge: 'technical_support',
        false_edge: 'general_support',
      },
    },
  ],
  edges: [
    { source: 'start', target: 'classify' },
    { source: 'classify', target: 'route' },
  ],
};

export const taskSpec = {
  name: 'Sum and report',
  input: { value: 20 },
  tasks: [
    { id: 'double', tool: 'transform', config: { output: '{{ input.value * 2 }}' }, timeout: 30 },
    {
      id: 'report',
      tool: 'transform',
      depends_on: ['double'],
      retries: 2,
      config: { output: { total: '{{ double.output }}' } },
    },
  ],
};
