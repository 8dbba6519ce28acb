import { getOption, type DescMethod, type DescService } from '@bufbuild/protobuf';
import { when_query } from '../../gen/behest/v1/rest_pb.ts';
import { http } from '../../gen/google/api/annotations_pb.ts';
import type { HttpRule } from '../../gen/google/api/http_pb.ts';
import {
  comparePrecedence,
  matchPath,
  parsePathTemplate,
  splitRequestPath,
  type BoundVariable,
  type PathTemplate,
} from './path-template.ts';

/** One binding of one RPC to one REST method and path. */
export interface Route {
  readonly rpc: DescMethod;
  /** `GET`, `POST`, … */
  readonly verb: string;
  readonly template: PathTemplate;
  /** `*`, a field's name, or empty: no body. */
  readonly body: string;
  /** A field's name, or empty: the whole message. */
  readonly responseBody: string;
  /** Boolean query parameter that must be true for this route; empty is none. */
  readonly whenQuery: string;
}

export type RouteMatch =
  | { readonly kind: 'found'; readonly route: Route; readonly variables: readonly BoundVariable[] }
  | { readonly kind: 'wrong-verb'; readonly allowed: readonly string[] }
  | { readonly kind: 'none' };

/** Every google.api.http binding of these services, the most literal paths first. */
export function buildRoutes(services: readonly DescService[]): Route[] {
  const routes = services.flatMap(({ methods }) => methods.flatMap(routesOf));
  return routes.toSorted(
    (a, b) =>
      comparePrecedence(a.template, b.template) ||
      Number(a.whenQuery === '') - Number(b.whenQuery === ''),
  );
}

function routesOf(rpc: DescMethod): Route[] {
  const rule = getOption(rpc, http);
  if (rule.pattern.case === undefined) return [];
  return [rule, ...rule.additionalBindings].map((binding) => toRoute(rpc, binding));
}

function toRoute(rpc: DescMethod, rule: HttpRule): Route {
  const { pattern } = rule;
  if (pattern.case === undefined) throw new Error(`${rpc.name}: an HTTP binding without a path`);
  const isCustom = pattern.case === 'custom';
  return {
    rpc,
    verb: isCustom ? pattern.value.kind : pattern.case.toUpperCase(),
    template: parsePathTemplate(isCustom ? pattern.value.path : pattern.value),
    body: rule.body,
    responseBody: rule.responseBody,
    whenQuery: getOption(rpc, when_query),
  };
}

/** Finds the route of a request. HEAD is served by GET. */
export function findRoute(
  routes: readonly Route[],
  request: { readonly verb: string; readonly path: string; readonly query: URLSearchParams },
): RouteMatch {
  const path = splitRequestPath(request.path);
  const verb = request.verb === 'HEAD' ? 'GET' : request.verb;
  const allowed = new Set<string>();
  for (const route of routes) {
    const variables = matchPath(route.template, path);
    if (variables === null || !isAsked(route.whenQuery, request.query)) continue;
    if (route.verb === verb) return { kind: 'found', route, variables };
    allowed.add(route.verb);
    if (route.verb === 'GET') allowed.add('HEAD');
  }
  return allowed.size === 0 ? { kind: 'none' } : { kind: 'wrong-verb', allowed: [...allowed] };
}

function isAsked(name: string, query: URLSearchParams): boolean {
  return name === '' || isTrue(query.get(name));
}

/** `?follow`, `?follow=true` and `?follow=1` all mean yes. */
export function isTrue(value: string | null): boolean {
  return value !== null && ['', 'true', '1', 'yes'].includes(value.toLowerCase());
}
