import { configObject } from '../config-schema.ts';

export const endConfig = configObject({});
