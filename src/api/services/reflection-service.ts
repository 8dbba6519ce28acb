import { toBinary, type DescFile, type DescService } from '@bufbuild/protobuf';
import { nestedTypes } from '@bufbuild/protobuf/reflect';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import type { ConnectRouter } from '@connectrpc/connect';
import { ServerReflection } from '../../gen/grpc/reflection/v1/reflection_pb.ts';
import { ServerReflection as ServerReflectionAlpha } from '../../gen/grpc/reflection/v1alpha/reflection_pb.ts';

/** What `grpcurl` and its like ask: which services there are, and the proto files behind them. */
export interface Reflection {
  answer(request: Question): ReflectionAnswer;
}

/** The versions of the protocol, v1 and v1alpha, ask the same questions. */
export type Question =
  | {
      readonly case:
        'listServices' | 'fileByFilename' | 'fileContainingSymbol' | 'allExtensionNumbersOfType';
      readonly value: string;
    }
  | {
      readonly case: 'fileContainingExtension';
      readonly value: { readonly containingType: string; readonly extensionNumber: number };
    }
  | { readonly case: undefined };

export type ReflectionAnswer =
  | { readonly case: 'listServicesResponse'; readonly value: { service: { name: string }[] } }
  | {
      readonly case: 'fileDescriptorResponse';
      readonly value: { fileDescriptorProto: Uint8Array<ArrayBuffer>[] };
    }
  | {
      readonly case: 'allExtensionNumbersResponse';
      readonly value: { baseTypeName: string; extensionNumber: number[] };
    }
  | { readonly case: 'errorResponse'; readonly value: { errorCode: number; errorMessage: string } };

const NOT_FOUND = 5;
const INVALID_ARGUMENT = 3;

export function createReflection(services: readonly DescService[]): Reflection {
  const files = collectFiles(services);
  const index = indexSymbols(files);
  const fileAnswer = (file: DescFile | undefined, what: string): ReflectionAnswer => {
    if (file === undefined) return refuse(NOT_FOUND, `${what} is not known here`);
    const fileDescriptorProto = withDependencies(file).map(toBytes);
    return { case: 'fileDescriptorResponse', value: { fileDescriptorProto } };
  };
  return {
    answer(request) {
      switch (request.case) {
        case 'listServices': {
          const service = services.map(({ typeName: name }) => ({ name }));
          return { case: 'listServicesResponse', value: { service } };
        }
        case 'fileByFilename':
          return fileAnswer(files.get(request.value), request.value);
        case 'fileContainingSymbol':
          return fileAnswer(index.symbols.get(request.value), request.value);
        case 'fileContainingExtension': {
          const { containingType, extensionNumber } = request.value;
          const numbers = index.extensions.get(containingType);
          return fileAnswer(numbers?.get(extensionNumber), `${containingType} ${extensionNumber}`);
        }
        case 'allExtensionNumbersOfType': {
          const extensionNumber = [...(index.extensions.get(request.value)?.keys() ?? [])];
          const value = { baseTypeName: request.value, extensionNumber };
          return { case: 'allExtensionNumbersResponse', value };
        }
        default:
          return refuse(INVALID_ARGUMENT, 'the request asks nothing');
      }
    },
  };
}

/** Serves both versions of the protocol. */
export function addReflection(router: ConnectRouter, services: readonly DescService[]): void {
  const reflection = createReflection([...services, ServerReflection, ServerReflectionAlpha]);
  router.service(ServerReflection, {
    async *serverReflectionInfo(requests) {
      for await (const originalRequest of requests) {
        const messageResponse = reflection.answer(originalRequest.messageRequest);
        yield { validHost: originalRequest.host, originalRequest, messageResponse };
      }
    },
  });
  router.service(ServerReflectionAlpha, {
    async *serverReflectionInfo(requests) {
      for await (const originalRequest of requests) {
        const messageResponse = reflection.answer(originalRequest.messageRequest);
        yield { validHost: originalRequest.host, originalRequest, messageResponse };
      }
    },
  });
}

function refuse(errorCode: number, errorMessage: string): ReflectionAnswer {
  return { case: 'errorResponse', value: { errorCode, errorMessage } };
}

function toBytes(file: DescFile): Uint8Array<ArrayBuffer> {
  return toBinary(FileDescriptorProtoSchema, file.proto);
}

function collectFiles(services: readonly DescService[]): Map<string, DescFile> {
  const files = new Map<string, DescFile>();
  for (const { file } of services) {
    for (const each of withDependencies(file)) files.set(each.proto.name, each);
  }
  return files;
}

function withDependencies(file: DescFile, seen = new Set<DescFile>()): DescFile[] {
  if (seen.has(file)) return [];
  seen.add(file);
  return [file, ...file.dependencies.flatMap((each) => withDependencies(each, seen))];
}

interface SymbolIndex {
  readonly symbols: Map<string, DescFile>;
  /** By extended type, then by field number. */
  readonly extensions: Map<string, Map<number, DescFile>>;
}

function indexSymbols(files: ReadonlyMap<string, DescFile>): SymbolIndex {
  const symbols = new Map<string, DescFile>();
  const extensions = new Map<string, Map<number, DescFile>>();
  for (const file of files.values()) {
    for (const type of nestedTypes(file)) {
      symbols.set(type.typeName, file);
      if (type.kind === 'service') {
        for (const { name } of type.methods) symbols.set(`${type.typeName}.${name}`, file);
      }
      if (type.kind === 'extension') {
        const numbers = extensions.get(type.extendee.typeName) ?? new Map<number, DescFile>();
        extensions.set(type.extendee.typeName, numbers.set(type.number, file));
      }
    }
  }
  return { symbols, extensions };
}
