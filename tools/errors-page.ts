import { ERROR_CODES } from '../src/model/error-codes.ts';

/** docs/errors.md, from the registry. */
export function errorsPage(): string {
  const rows = Object.entries(ERROR_CODES).map(
    ([code, { status, title, mend }]) => `| \`${code}\` | ${status} | ${title} | ${mend} |`,
  );
  return `# Errors

Made from the registry by \`npm run docs\`; a test keeps it current. Over HTTP an error is a problem document (RFC 9457)
with the \`code\`; on a terminal it is the code, what is wrong, where, and the mend. Codes are stable.

| code | HTTP | what it means | the mend |
| --- | --- | --- | --- |
${rows.join('\n')}
`;
}
