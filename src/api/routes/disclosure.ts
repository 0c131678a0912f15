import { Type } from 'typebox';
import { CASE_KINDS } from '../../disclosure/case-kinds.ts';
import {
  approveRequest,
  changeRequest,
  liveGrant,
  makeRequest,
  openCase,
} from '../../disclosure/paper-trail.ts';
import { knownCase, knownRequest, ownRequest } from '../../disclosure/rules.ts';
import { QuestionSchema, ScopeFields } from '../../disclosure/scope.ts';
import { traceWithHandles } from '../../disclosure/trace-with-handles.ts';
import { caseView, grantView, requestView } from '../../disclosure/views.ts';
import type { ControlParts } from '../parts.ts';
import { route, type Route } from '../route.ts';
import {
  CaseId,
  CaseSchema,
  Digest,
  Free,
  GrantSchema,
  RequestId,
  RequestSchema,
  strict,
  TraceSchema,
} from '../schemas.ts';

const byId = Type.Object({ id: RequestId }, strict);
const seers = ['requester', 'approver', 'supervisor'] as const;
const PAGE = 100;

/** The paper trail: case, request, approval, execution; and the trace that needs none. */
export function disclosureRoutes(parts: ControlParts): readonly Route[] {
  const { register, clock } = parts;
  return [
    route({
      method: 'POST',
      path: '/v1/trace',
      access: ['requester'],
      summary: 'Who used this endpoint at this time, down to handles; journalled',
      body: QuestionSchema,
      answer: TraceSchema,
      handle: ({ caller, body }) => traceWithHandles(parts, { token: caller.token.id }, body),
    }),
    route({
      method: 'POST',
      path: '/v1/cases',
      access: ['requester'],
      summary: 'Open a case',
      // The fields are checked against the kind, so that an error names the field that is wrong.
      body: Type.Object(
        { kind: Type.Union(Object.keys(CASE_KINDS).map((kind) => Type.Literal(kind))), fields: Free },
        { ...strict, description: 'docs/disclosure.md lists the fields of each kind' },
      ),
      status: 201,
      answer: CaseSchema,
      handle: async ({ caller, body }) => caseView(await openCase(register, caller.token.id, body)),
    }),
    route({
      method: 'GET',
      path: '/v1/cases/{id}',
      access: seers,
      summary: 'A case',
      params: Type.Object({ id: CaseId }, strict),
      answer: CaseSchema,
      handle: ({ params }) => caseView(knownCase(register.state, params.id)),
    }),
    route({
      method: 'POST',
      path: '/v1/requests',
      access: ['requester'],
      summary: 'Ask for a disclosure on a case',
      body: Type.Object({ case: CaseId, ...ScopeFields }, strict),
      status: 201,
      answer: RequestSchema,
      handle: async ({ caller, body }) =>
        requestView(register.state, await makeRequest(register, caller.token.id, body), clock()),
    }),
    route({
      method: 'GET',
      path: '/v1/requests',
      access: seers,
      summary: `The newest ${PAGE} requests; a requester sees their own`,
      answer: Type.Object({ requests: Type.Array(RequestSchema, { maxItems: PAGE }) }, strict),
      handle: ({ caller: { person } }) => {
        const all = [...register.state.requests.values()];
        const seen = seesAll(person.roles) ? all : all.filter(({ requester }) => requester === person.id);
        const newest = seen.slice(-PAGE).toReversed();
        return { requests: newest.map((request) => requestView(register.state, request, clock())) };
      },
    }),
    route({
      method: 'GET',
      path: '/v1/requests/{id}',
      access: seers,
      summary: 'A request, with the digest that an approval must name',
      params: byId,
      answer: RequestSchema,
      handle: ({ caller: { person }, params: { id } }) => {
        const { state } = register;
        const request = seesAll(person.roles) ? knownRequest(state, id) : ownRequest(state, id, person.id);
        return requestView(state, request, clock());
      },
    }),
    route({
      method: 'PUT',
      path: '/v1/requests/{id}',
      access: ['requester'],
      summary: 'Change your own request; voids what was approved and not used',
      params: byId,
      body: Type.Object(ScopeFields, strict),
      answer: RequestSchema,
      handle: async ({ caller, params, body }) =>
        requestView(register.state, await changeRequest(register, caller.token.id, params.id, body), clock()),
    }),
    route({
      method: 'POST',
      path: '/v1/requests/{id}/approve',
      access: ['approver'],
      summary: 'Approve the request that has this digest; not your own',
      params: byId,
      body: Type.Object({ digest: Digest }, strict),
      status: 201,
      answer: GrantSchema,
      handle: async ({ caller, params, body }) =>
        grantView(await approveRequest(register, caller.token.id, params.id, body.digest), clock()),
    }),
    route({
      method: 'POST',
      path: '/v1/requests/{id}/execute',
      access: ['requester'],
      summary: 'Use the grant: the one answer with identities',
      params: byId,
      answer: Type.Object(
        {
          answer: Free,
          answerSha256: Digest,
          journal: Type.Object({ used: Type.Integer(), answered: Type.Integer() }, strict),
        },
        strict,
      ),
      handle: async ({ caller, bearer, params }) => {
        const grant = liveGrant(register, caller.person.id, params.id);
        const { answer, answerSha256, journal } = await parts.execute({
          token: bearer,
          grant: grant.id,
          seen: register.head,
        });
        return { answer, answerSha256, journal };
      },
    }),
  ];
}

function seesAll(roles: readonly string[]): boolean {
  return roles.includes('approver') || roles.includes('supervisor');
}
