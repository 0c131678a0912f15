import { Type, type Static, type TSchema } from 'typebox';
import type { Json } from '../model/journal.ts';
import { parserOf } from '../disclosure/check.ts';
import type { Caller } from '../disclosure/register.ts';
import type { Role } from '../disclosure/state.ts';

/** Who may call a route: anybody, a site's token, or people in one of these roles. Nothing else opens it. */
export type Access = 'public' | 'site' | readonly Role[];

export type PersonCaller = Extract<Caller, { kind: 'person' }>;
export type SiteCaller = Extract<Caller, { kind: 'site' }>;
type CallerOf<Allowed extends Access> = Allowed extends 'public'
  ? null
  : Allowed extends 'site'
    ? SiteCaller
    : PersonCaller;

/** A call whose parts fit the route's schemas. */
export interface Call<Who, Params, Query, Body> {
  readonly caller: Who;
  /** The bearer token itself; only the execution needs it. */
  readonly bearer: string;
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
}

export interface Answer {
  readonly status: number;
  /** A text only where the row has a media type of its own. */
  readonly body: { readonly [key: string]: Json } | string;
}

/** What routes answer unless their row says otherwise. */
const JSON_TYPE = 'application/json';

/** One row of the table: everything that there is to know of a route, for the server, the tests and the OpenAPI document. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT';
  /** With parameters as `{id}`. */
  readonly path: string;
  readonly access: Access;
  readonly summary: string;
  readonly params: TSchema;
  readonly query: TSchema;
  readonly body: TSchema | null;
  /** The status of success. */
  readonly status: number;
  /** Of what it answers. */
  readonly mediaType: string;
  /** What it answers; each answer of the tests is held against it. */
  readonly answer: TSchema;
  /** Checks the parts against the schemas, then acts. @throws ShudiError api.invalid, and what the action throws */
  run(raw: RawCall): Promise<Answer>;
}

export interface RawCall {
  readonly caller: Caller | null;
  readonly bearer: string;
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
}

const nothing = Type.Object({}, { additionalProperties: false });

interface Spec<Allowed extends Access, Params extends TSchema, Query extends TSchema, Body extends TSchema> {
  readonly method: Route['method'];
  readonly path: string;
  readonly access: Allowed;
  readonly summary: string;
  readonly params?: Params;
  readonly query?: Query;
  /** Absent: the route takes no body, or an empty object. */
  readonly body?: Body;
  readonly status?: number;
  /** Of a text; absent: the answer is JSON. */
  readonly mediaType?: string;
  readonly answer: TSchema;
  readonly handle: (
    call: Call<CallerOf<Allowed>, Static<Params>, Static<Query>, Static<Body>>,
  ) => Promise<Answer['body'] | Answered> | Answer['body'] | Answered;
}

/** An answer with another status than the route's usual one. */
export class Answered implements Answer {
  readonly status: number;
  readonly body: Answer['body'];
  constructor(status: number, body: Answer['body']) {
    this.status = status;
    this.body = body;
  }
}

/** Makes a row of the table. The caller's kind follows from `access`; the server has checked it before `run`. */
export function route<
  const Allowed extends Access,
  Params extends TSchema = typeof nothing,
  Query extends TSchema = typeof nothing,
  Body extends TSchema = typeof nothing,
>(spec: Spec<Allowed, Params, Query, Body>): Route {
  const schemas = {
    params: spec.params ?? nothing,
    query: spec.query ?? nothing,
    body: spec.body ?? nothing,
  };
  const parse = {
    params: parserOf(schemas.params, 'api.invalid', 'path'),
    query: parserOf(schemas.query, 'api.invalid', 'query'),
    body: parserOf(schemas.body, 'api.invalid', 'body'),
  };
  const status = spec.status ?? 200;
  return {
    method: spec.method,
    path: spec.path,
    access: spec.access,
    summary: spec.summary,
    params: schemas.params,
    query: schemas.query,
    body: spec.body ?? null,
    status,
    mediaType: spec.mediaType ?? JSON_TYPE,
    answer: spec.answer,
    run: async (raw) => {
      const answer = await spec.handle({
        caller: raw.caller as CallerOf<Allowed>,
        bearer: raw.bearer,
        params: parse.params(raw.params) as Static<Params>,
        query: parse.query(raw.query) as Static<Query>,
        body: parse.body(raw.body ?? (spec.body === undefined ? {} : null)) as Static<Body>,
      });
      return answer instanceof Answered ? answer : { status, body: answer };
    },
  };
}
