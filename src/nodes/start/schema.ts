import { configObject } from '../config-schema.ts';

export const startConfig = configObject({});
