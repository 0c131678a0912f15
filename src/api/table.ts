import type { ControlParts } from './parts.ts';
import type { Route } from './route.ts';
import { badgeRoutes } from './routes/badges.ts';
import { disclosureRoutes } from './routes/disclosure.ts';
import { eventRoutes } from './routes/events.ts';
import { oversightRoutes } from './routes/oversight.ts';
import { peopleRoutes } from './routes/people.ts';

/** Every route of the control side. What is not here does not exist; who is not named in a row may not call it. */
export function routeTable(parts: ControlParts): readonly Route[] {
  return [
    ...oversightRoutes(parts),
    ...eventRoutes(parts),
    ...badgeRoutes(parts),
    ...disclosureRoutes(parts),
    ...peopleRoutes(parts),
  ];
}
