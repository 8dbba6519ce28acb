import type { JsonObject } from '../../expr/json.ts';
import type { ListedStep } from './step-list.ts';

interface ClassStep {
  readonly step: ListedStep;
  /** Of the method: `step_upload`. */
  readonly name: string;
  readonly previous: string;
  readonly source: string;
  readonly file: string;
}

/**
 * A step that is a method of a workflow class (`async def step_upload(self, input, config)`), as the
 * step-list seed documents it. The code makes the base class that such files import, and calls the
 * method. Null when the file has no such method.
 */
export function classStepCode({
  step,
  name,
  previous,
  source,
  file,
}: ClassStep): JsonObject | null {
  const method = new RegExp(`^[ \\t]+(?:async )?def ${name}\\(\\s*self\\b`, 'm');
  const owner = new RegExp(`^class (\\w+)`, 'm').exec(source)?.[1];
  if (owner === undefined || !method.test(source)) return null;
  const module = file.replace(/\.py$/, '');
  return {
    language: 'python',
    code: callerOf(module, name),
    files: [file],
    input: { input: previous, step },
  };
}

function callerOf(module: string, method: string): string {
  return `import builtins, importlib, inspect, sys, types


class BaseWorkflow:
    def __init__(self, *args, **kwargs):
        pass


def _provide():
    package = types.ModuleType("workflows")
    package.__path__ = []
    base = types.ModuleType("workflows.base_workflow")
    base.BaseWorkflow = BaseWorkflow
    errors = types.ModuleType("workflows.errors")
    for name in ("RetryableError", "HardError"):
        setattr(errors, name, globals().get(name) or getattr(builtins, name, RuntimeError))
    sys.modules["workflows"] = package
    sys.modules["workflows.base_workflow"] = base
    sys.modules["workflows.errors"] = errors


async def process(call):
    _provide()
    sys.modules.pop(${JSON.stringify(module)}, None)
    module = importlib.import_module(${JSON.stringify(module)})
    owners = [each for each in vars(module).values()
              if inspect.isclass(each) and hasattr(each, ${JSON.stringify(method)})]
    method = getattr(owners[-1](), ${JSON.stringify(method)})
    arguments = [call["input"], call["step"]][: len(inspect.signature(method).parameters)]
    result = method(*arguments)
    return await result if inspect.isawaitable(result) else result
`;
}
