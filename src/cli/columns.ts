import { type Timestamp, timestampMs } from '@bufbuild/protobuf/wkt';

import {
  StepStatusSchema,
  RunStatusSchema,
  type Run,
  type StepRun,
} from '../gen/behest/v1/run_pb.ts';
import type { NodeType } from '../gen/behest/v1/node_pb.ts';
import type { Event, Source } from '../gen/behest/v1/source_pb.ts';
import type { Workflow, WorkflowVersion } from '../gen/behest/v1/workflow_pb.ts';
import { enumText } from './api-json.ts';
import { type Column, age } from './table.ts';

export function since(now: number, at: Timestamp | undefined): string {
  return at === undefined ? '' : age(now - timestampMs(at));
}

export function took(now: number, of: Pick<Run | StepRun, 'startedAt' | 'finishedAt'>): string {
  if (of.startedAt === undefined) return '';
  const ms =
    (of.finishedAt === undefined ? now : timestampMs(of.finishedAt)) - timestampMs(of.startedAt);
  return ms < 10_000 ? `${(Math.max(0, ms) / 1000).toFixed(1)}s` : age(ms);
}

export const runStatus = (run: Pick<Run, 'status'>): string =>
  enumText(RunStatusSchema, run.status);

export const stepStatus = (step: Pick<StepRun, 'status'>): string =>
  enumText(StepStatusSchema, step.status);

const isSkipped = (step: StepRun): boolean => stepStatus(step) === 'skipped';

export function workflowColumns(now: number): Column<Workflow>[] {
  return [
    { title: 'NAMESPACE', cell: (each) => each.namespace, isWide: true },
    { title: 'NAME', cell: (each) => each.id },
    { title: 'VERSION', cell: (each) => String(each.version) },
    { title: 'STEPS', cell: (each) => String(each.steps.length) },
    { title: 'SOURCE', cell: (each) => (each.owner === '' ? '(api)' : each.owner) },
    { title: 'AGE', cell: (each) => since(now, each.createdAt) },
    { title: 'UPDATED', cell: (each) => since(now, each.updatedAt), isWide: true },
    { title: 'PATH', cell: (each) => each.origin?.path ?? '', isWide: true },
    { title: 'COMMIT', cell: (each) => (each.origin?.commit ?? '').slice(0, 12), isWide: true },
    { title: 'TITLE', cell: (each) => each.name, isWide: true },
  ];
}

export function runColumns(now: number): Column<Run>[] {
  return [
    { title: 'NAMESPACE', cell: (each) => each.namespace, isWide: true },
    { title: 'ID', cell: (each) => each.id },
    { title: 'WORKFLOW', cell: (each) => each.workflowId },
    { title: 'VERSION', cell: (each) => String(each.version), isWide: true },
    { title: 'STATUS', cell: runStatus, isStatus: true },
    { title: 'DURATION', cell: (each) => took(now, each) },
    { title: 'AGE', cell: (each) => since(now, each.createdAt) },
    {
      title: 'CAUSE',
      cell: (each) => `${each.cause?.kind ?? ''} ${each.cause?.name ?? ''}`,
      isWide: true,
    },
    { title: 'BY', cell: (each) => each.createdBy, isWide: true },
    { title: 'ERROR', cell: (each) => (each.error?.message ?? '').slice(0, 120), isWide: true },
  ];
}

export function stepColumns(now: number): Column<StepRun>[] {
  return [
    { title: 'PHASE', cell: (each) => each.phase },
    { title: 'STEP', cell: (each) => each.id },
    { title: 'TYPE', cell: (each) => each.type },
    { title: 'STATUS', cell: stepStatus, isStatus: true },
    { title: 'ATTEMPT', cell: (each) => `${each.attempt}/${each.maxAttempts}` },
    {
      title: 'ITEMS',
      cell: (each) =>
        each.items === undefined ? '' : `${each.items.completed}/${each.items.total}`,
    },
    { title: 'DURATION', cell: (each) => (isSkipped(each) ? '' : took(now, each)) },
    { title: 'MESSAGE', cell: (each) => (each.error?.message ?? each.waitReason).slice(0, 100) },
  ];
}

export function sourceColumns(now: number): Column<Source>[] {
  const ready = (each: Source) => each.conditions.find(({ type }) => type === 'Ready');
  return [
    { title: 'NAME', cell: (each) => each.name },
    { title: 'READY', cell: (each) => ready(each)?.status ?? 'Unknown', isStatus: true },
    {
      title: 'REASON',
      cell: (each) => (each.suspended ? 'Suspended' : (ready(each)?.reason ?? '')),
    },
    { title: 'REVISION', cell: (each) => each.lastAppliedRevision.slice(0, 12) },
    { title: 'OBJECTS', cell: (each) => String(each.objectCount) },
    { title: 'UPDATED', cell: (each) => since(now, each.updatedAt) },
    { title: 'KIND', cell: (each) => each.kind, isWide: true },
    { title: 'LOCATION', cell: (each) => each.location, isWide: true },
    { title: 'REF', cell: (each) => each.ref, isWide: true },
    { title: 'MESSAGE', cell: (each) => (ready(each)?.message ?? '').slice(0, 120), isWide: true },
  ];
}

export function nodeColumns(): Column<NodeType>[] {
  return [
    { title: 'TYPE', cell: (each) => each.type },
    { title: 'RUNS IN', cell: (each) => each.runsIn },
    { title: 'DESCRIPTION', cell: (each) => each.description },
  ];
}

export function eventColumns(now: number): Column<Event>[] {
  return [
    { title: 'LAST SEEN', cell: (each) => since(now, each.lastAt) },
    { title: 'TYPE', cell: (each) => each.type, isStatus: true },
    { title: 'REASON', cell: (each) => each.reason },
    { title: 'OBJECT', cell: (each) => `${each.kind.toLowerCase()}/${each.name}` },
    { title: 'COUNT', cell: (each) => String(each.count) },
    { title: 'MESSAGE', cell: (each) => each.message },
  ];
}

export function versionColumns(now: number): Column<WorkflowVersion>[] {
  return [
    { title: 'NUMBER', cell: (each) => String(each.number) },
    { title: 'DIGEST', cell: (each) => each.digest.slice(0, 12) },
    { title: 'SOURCE', cell: (each) => each.origin?.source || '(api)' },
    { title: 'REVISION', cell: (each) => (each.origin?.revision ?? '').slice(0, 12) },
    { title: 'AUTHOR', cell: (each) => each.origin?.author ?? '' },
    { title: 'AGE', cell: (each) => since(now, each.createdAt) },
    { title: 'PATH', cell: (each) => each.origin?.path ?? '', isWide: true },
  ];
}
