// A text is any character but quotes, backslashes and controls; the loop is unrolled, so that a long one is no burden.
const token =
  /[ \t\r\n]*([{}[\],:]|"[ !#-[\]-\uffff]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[ !#-[\]-\uffff]*)*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)/y;

/**
 * Finds where a text stops being JSON, for people. V8 tells the position of some faults only, in words that change
 * between versions, and never the line; this runs on the error path alone.
 * @param error what `JSON.parse` threw; its position is used where the tokens are all right and their order is not
 */
export function jsonFaultAt(text: string, error: unknown): { reason: string; line: number; column: number } {
  const position = badToken(text) ?? positionIn(error) ?? text.length;
  const before = text.slice(0, position);
  const line = before.split('\n').length;
  const column = position - before.lastIndexOf('\n');
  return { reason: reasonFor(text, position), line, column };
}

const positionIn = (error: unknown): number | undefined => {
  const found = error instanceof Error ? /at position (\d+)/.exec(error.message)?.[1] : undefined;
  return found === undefined ? undefined : Number(found);
};

/** Where the first thing stands that is no token, or that stands in place of a value. */
function badToken(text: string): number | undefined {
  let valueExpected = true;
  let before = '';
  token.lastIndex = 0;
  for (let at = 0; at < text.length; at = token.lastIndex) {
    token.lastIndex = at;
    const found = token.exec(text)?.[1];
    if (found === undefined) {
      const rest = text.slice(at, at + 100_000).search(/[^ \t\r\n]/);
      return rest < 0 ? undefined : at + rest;
    }
    const closesEmpty = (found === ']' && before === '[') || (found === '}' && before === '{');
    if (valueExpected && !closesEmpty && [',', ':', ']', '}'].includes(found)) return token.lastIndex - 1;
    valueExpected = ['[', '{', ',', ':'].includes(found);
    before = found;
  }
  return undefined;
}

function reasonFor(text: string, position: number): string {
  const word = /^(?:NaN|-?Infinity|undefined|None|True|False)\b/.exec(text.slice(position, position + 12))?.[0];
  if (word !== undefined) return `${word} is no JSON value (use null, true, false or a number)`;
  const character = text[position];
  if (character === undefined) return 'it ends too early';
  if (character === "'") return '\' does not begin a text (use ")';
  if (character === '"')
    return 'a text that is not closed, or that holds a bare line break or a bad escape, or is not expected';
  return `unexpected ${JSON.stringify(character)}`;
}
