import { configObject } from '../config-schema.ts';

const duration = '^([0-9]+(\\.[0-9]+)?(ms|s|m|h|d))+$';

export const waitConfig = configObject(
  {
    duration: {
      description:
        'How long to wait from the moment the step starts: `500ms`, `30s`, `1h30m`, `2d`.',
      type: 'string',
      anyOf: [{ pattern: duration }, { pattern: '\\{\\{' }],
    },
    until: {
      description:
        'The moment to wait for, RFC 3339: `2026-03-01T09:00:00Z`. A moment that has passed waits ' +
        'no time at all.',
      type: 'string',
      minLength: 1,
    },
  },
  { oneOf: [{ required: ['duration'] }, { required: ['until'] }] },
);
