import { getOption, type DescMethod, type DescService } from '@bufbuild/protobuf';
import { Code, ConnectError, type ContextValues, type Interceptor } from '@connectrpc/connect';
import { required_role, Role as ProtoRole } from '../../gen/behest/v1/access_pb.ts';
import type { Role } from '../ports.ts';
import type { Authenticator } from './authenticator.ts';
import { principalKey } from './principal.ts';

const ranks: { readonly [role in Role]: number } = { viewer: 1, operator: 2, admin: 3 };

const roles: { readonly [role in ProtoRole]: Role | null } = {
  [ProtoRole.UNSPECIFIED]: null,
  [ProtoRole.VIEWER]: 'viewer',
  [ProtoRole.OPERATOR]: 'operator',
  [ProtoRole.ADMIN]: 'admin',
};

/** The role that the proto asks for; null for the public services of gRPC: health, reflection. */
export function requiredRole(rpc: DescMethod): Role | null {
  return roles[getOption(rpc, required_role)] ?? null;
}

/** Throws when a method of ours declares no role: it would be open to everybody. */
export function assertRolesDeclared(services: readonly DescService[]): void {
  for (const service of services.filter(({ typeName }) => typeName.startsWith('behest.'))) {
    const open = service.methods.find((rpc) => requiredRole(rpc) === null);
    if (open === undefined) continue;
    throw new Error(
      `${service.typeName}.${open.name} has no (behest.v1.required_role) in its proto; declare one.`,
    );
  }
}

/**
 * Lets the call pass or refuses it: UNAUTHENTICATED when signing in would help, PERMISSION_DENIED
 * when another role would. Leaves the principal in the call's values.
 */
export async function authorise(
  authenticator: Authenticator,
  call: { readonly rpc: DescMethod; readonly headers: Headers; readonly values: ContextValues },
): Promise<void> {
  const needed = requiredRole(call.rpc);
  if (needed === null || call.values.get(principalKey) !== null) return;
  const principal = await authenticator.authenticate(call.headers);
  if (principal.role === null || (principal.name === '' && ranks[principal.role] < ranks[needed])) {
    throw new ConnectError(
      `${call.rpc.name} needs the role ${needed}: send a token as "Authorization: Bearer <token>".`,
      Code.Unauthenticated,
    );
  }
  if (ranks[principal.role] < ranks[needed]) {
    throw new ConnectError(
      `${call.rpc.name} needs the role ${needed}; ${principal.name} has the role ${principal.role}.`,
      Code.PermissionDenied,
    );
  }
  call.values.set(principalKey, principal);
}

/** The one place where every call of every protocol is checked. */
export function createAuthInterceptor(authenticator: Authenticator): Interceptor {
  return (next) => async (request) => {
    const { method: rpc, header: headers, contextValues: values } = request;
    await authorise(authenticator, { rpc, headers, values });
    return next(request);
  };
}
