import { createContextKey } from '@connectrpc/connect';
import type { Role } from '../ports.ts';

/** Who makes a call. */
export interface Principal {
  /** For `by` and `created_by`; empty for an anonymous caller. */
  readonly name: string;
  /** Null may call nothing that needs a role. */
  readonly role: Role | null;
}

export const anonymous: Principal = { name: '', role: null };

/** Where a call carries its principal once it is known. */
export const principalKey = createContextKey<Principal | null>(null, {
  description: 'principal of the call',
});
