import type { TSchema } from 'typebox';
import type { Json } from '../model/journal.ts';
import type { Access, Route } from './route.ts';
import { ProblemSchema } from './schemas.ts';

type Document = { readonly [key: string]: Json };

/** The OpenAPI 3.1 document of a table. TypeBox schemas are JSON Schema: they go in as they are. */
export function openApiOf(routes: readonly Route[]): Document {
  const paths: { [path: string]: { [method: string]: Json } } = {};
  for (const item of routes) (paths[item.path] ??= {})[item.method.toLowerCase()] = operationOf(item);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Shudi control API',
      version: '1',
      description:
        'docs/disclosure.md explains the paper trail. Errors are RFC 9457 problem documents with a stable code.',
    },
    components: {
      securitySchemes: {
        person: { type: 'http', scheme: 'bearer', description: 'A token of a person, shudi_p_…' },
        site: { type: 'http', scheme: 'bearer', description: 'A token of a site, shudi_s_…' },
      },
      schemas: { Problem: plain(ProblemSchema) },
    },
    paths,
  };
}

function operationOf({ access, summary, params, query, body, status, mediaType, answer }: Route): Document {
  return {
    summary,
    description: accessText(access),
    security: access === 'public' ? [] : [{ [access === 'site' ? 'site' : 'person']: [] }],
    parameters: [...parametersOf(params, 'path'), ...parametersOf(query, 'query')],
    ...(body === null
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: plain(body) } } } }),
    responses: {
      [String(status)]: { description: 'Done', content: { [mediaType]: { schema: plain(answer) } } },
      default: {
        description: 'A problem document with a stable code',
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    },
  };
}

function accessText(access: Access): string {
  if (access === 'public') return 'For anybody; no token.';
  if (access === 'site') return 'For the token of a site.';
  return `For people with the role ${access.join(' or ')}.`;
}

function parametersOf(schema: TSchema, place: 'path' | 'query'): Document[] {
  const { properties = {}, required = [] } = plain(schema) as {
    properties?: Document;
    required?: readonly string[];
  };
  return Object.entries(properties).map(([name, value]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: value,
  }));
}

/** Without what TypeBox notes for itself in hidden keys. */
function plain(schema: TSchema): Document {
  return JSON.parse(JSON.stringify(schema)) as Document;
}
