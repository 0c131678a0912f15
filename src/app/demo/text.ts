import { relative } from 'node:path';
import { formatTime } from '../../model/time.ts';
import type { FirstPeople } from '../people.ts';
import type { Visit } from './opening-visit.ts';

export interface DemoFacts {
  readonly directory: string;
  readonly gatewayPort: number;
  readonly controlPort: number;
  readonly proxyPort: number;
  readonly users: readonly { readonly name: string; readonly password: string }[];
  readonly people: FirstPeople;
  readonly claimedAddress: string;
  readonly visit: Visit;
}

/** What the demo prints, in Chinese and English. */
export function demoText(facts: DemoFacts): string {
  const { gatewayPort, proxyPort, controlPort, users, people, claimedAddress, visit } = facts;
  const place = relative(process.cwd(), facts.directory);
  const directory = place === '' || place.startsWith('..') ? facts.directory : place;
  const question = `npm run -s shudi -- trace --data ${directory} --outside ${claimedAddress} --port ${visit.port} --at ${formatTime(visit.at)}`;
  return `
Shudi 属地 demo: Ctrl-C stops it and removes its data. 按 Ctrl-C 停止并删除演示数据。

  Forum 论坛            http://localhost:${gatewayPort}/
  the same, from Guangdong 从广东访问   http://localhost:${proxyPort}/   (a test proxy that claims ${claimedAddress})
  Control API 控制接口   http://127.0.0.1:${controlPort}/openapi.json

  Forum log-ins 论坛账号  ${users.map(({ name, password }) => `${name} / ${password}`).join('    ')}
  Requester 申请人        ${people.requester.token}
  Approver 审批人         ${people.approver.token}

${users[0]?.name ?? ''} has just logged in and posted from ${claimedAddress}, port ${visit.port}. A first question, in another terminal 第一个问题:

  ${question}

It should answer "grade: exact, subjectGrade: exact" with one candidate and a handle, no name.
应得到 grade: exact、subjectGrade: exact 与一个代号（无姓名）。
Another port or time finds nothing; without --port the answer is ambiguous. To learn the name takes two people:
docs/disclosure.md. 要得知账号需两人：见 docs/disclosure.md。
`;
}
