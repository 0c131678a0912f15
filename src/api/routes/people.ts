import { Type } from 'typebox';
import { confirmPerson, proposePerson } from '../../disclosure/people.ts';
import { ENROLLERS, livePerson } from '../../disclosure/rules.ts';
import { personView, proposalView } from '../../disclosure/views.ts';
import type { ControlParts } from '../parts.ts';
import { route, type Route } from '../route.ts';
import { Digest, PersonId, PersonSchema, RoleSchema, strict } from '../schemas.ts';

const byId = Type.Object({ id: PersonId }, strict);

/** Enrolling people takes two. */
export function peopleRoutes({ register }: ControlParts): readonly Route[] {
  return [
    route({
      method: 'POST',
      path: '/v1/people',
      access: ENROLLERS,
      summary: 'Propose a person',
      body: Type.Object(
        {
          name: Type.String({ minLength: 1, maxLength: 100 }),
          roles: Type.Array(RoleSchema, { minItems: 1, maxItems: 4 }),
          tokenHash: Type.Optional(Digest),
        },
        {
          ...strict,
          description: 'tokenHash: SHA-256 of a token that the new person made, so that nobody else sees it',
        },
      ),
      status: 201,
      answer: PersonSchema,
      handle: async ({ caller, body }) => proposalView(await proposePerson(register, caller.token.id, body)),
    }),
    route({
      method: 'GET',
      path: '/v1/people/{id}',
      access: ['requester', 'approver', 'supervisor'],
      summary: 'A person who is proposed or enrolled',
      params: byId,
      answer: PersonSchema,
      handle: ({ params }) => {
        const proposal = register.state.proposals.get(params.id);
        return proposal === undefined
          ? personView(livePerson(register.state, params.id))
          : proposalView(proposal);
      },
    }),
    route({
      method: 'POST',
      path: '/v1/people/{id}/confirm',
      access: ENROLLERS,
      summary: 'Confirm a person whom somebody else has proposed',
      params: byId,
      answer: PersonSchema,
      handle: async ({ caller, params }) =>
        personView(await confirmPerson(register, caller.token.id, params.id)),
    }),
  ];
}
