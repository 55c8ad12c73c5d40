import { ApiError } from '../../errors.ts';
import { isCalendarDate, isTimestamp } from '../../http/formats.ts';

/** What a value of an expression is, as far as comparisons care. */
export type ValueType = 'text' | 'number' | 'boolean' | 'instant' | 'date' | 'null';

export const comparisons = ['eq', 'ne', 'gt', 'ge', 'lt', 'le'] as const;
type Comparison = (typeof comparisons)[number];

/** A filter, understood: every part knows the type of its value. */
export type Expression =
  | { is: 'literal'; type: ValueType; value: string | boolean | null }
  | { is: 'property'; type: ValueType; name: string }
  | { is: 'call'; type: ValueType; name: FunctionName; args: Expression[] }
  | { is: 'compare'; type: 'boolean'; operator: Comparison; left: Expression; right: Expression }
  | { is: 'in'; type: 'boolean'; left: Expression; list: Expression[] }
  | { is: 'and' | 'or'; type: 'boolean'; left: Expression; right: Expression }
  | { is: 'not'; type: 'boolean'; operand: Expression };

const moments: readonly ValueType[] = ['instant'];
const days: readonly ValueType[] = ['instant', 'date'];
const texts: readonly ValueType[] = ['text'];

/** The functions that are there: what they take and give. */
const functions = {
  contains: { takes: [texts, texts], gives: 'boolean' },
  startswith: { takes: [texts, texts], gives: 'boolean' },
  endswith: { takes: [texts, texts], gives: 'boolean' },
  tolower: { takes: [texts], gives: 'text' },
  toupper: { takes: [texts], gives: 'text' },
  trim: { takes: [texts], gives: 'text' },
  length: { takes: [texts], gives: 'number' },
  year: { takes: [days], gives: 'number' },
  month: { takes: [days], gives: 'number' },
  day: { takes: [days], gives: 'number' },
  hour: { takes: [moments], gives: 'number' },
  date: { takes: [days], gives: 'date' },
} as const satisfies Record<string, { takes: readonly (readonly ValueType[])[]; gives: ValueType }>;
export type FunctionName = keyof typeof functions;
/** Their names, for the model. */
export const functionNames: readonly string[] = Object.keys(functions);

/** Functions of OData 4.0 that tools write and that are not here. */
const unsupported = ['ceiling', 'concat', 'floor', 'indexof', 'minute', 'now', 'round', 'second', 'substring', 'time'];

const isFunction = (name: string): name is FunctionName => Object.hasOwn(functions, name);
const isComparison = (text: string): text is Comparison => comparisons.some((one) => one === text);

/** How much a filter may be: what is longer was not written by anybody, and reading it would cost others their time. */
const most = { characters: 4_000, nodes: 200, depth: 32 };

interface Token {
  is: 'text' | 'number' | 'instant' | 'date' | 'name' | 'sign' | 'end';
  text: string;
  at: number;
}

const wrong = (at: number, what: string, status: 400 | 501 = 400): ApiError => {
  const code = status === 400 ? 'bad_filter' : 'not_supported';
  const detail = `$filter, character ${at + 1}: ${what}`;
  return new ApiError(status, code, detail, { errors: [{ pointer: '$filter', code, detail }] });
};

const patterns: readonly (readonly [Token['is'], RegExp])[] = [
  ['text', /'(?:[^']|'')*'/y],
  ['instant', /\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)/y],
  ['date', /\d{4}-\d\d-\d\d/y],
  ['number', /-?\d{1,15}(?:\.\d{1,12})?(?![\w.])/y],
  ['name', /[A-Za-z_]\w*/y],
  ['sign', /[(),]/y],
];

function tokensOf(filter: string): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < filter.length; ) {
    if (filter[at] === ' ' || filter[at] === '\t') {
      at++;
      continue;
    }
    const found = patterns.flatMap(([is, pattern]) => {
      pattern.lastIndex = at;
      const text = pattern.exec(filter)?.[0];
      return text === undefined ? [] : [{ is, text, at }];
    })[0];
    if (!found)
      throw wrong(
        at,
        filter[at] === "'"
          ? 'a text that begins here never ends; a quote within it is doubled.'
          : 'this cannot be read.',
      );
    tokens.push(found);
    at += found.text.length;
  }
  return [...tokens, { is: 'end', text: '', at: filter.length }];
}

/**
 * Reads an OData filter: `and`, `or`, `not`, `in`, the comparisons, and the functions above, with the precedence of
 * OData 4.0 (`not` first, then comparisons, `and`, `or`).
 * @param types the columns that may be named, and what they hold
 * @throws ApiError 400 with the place, or 501 for what OData has and is not supported here
 */
export function parseFilter(filter: string, types: ReadonlyMap<string, ValueType>): Expression {
  if (filter.length > most.characters)
    throw wrong(most.characters, `a filter has at most ${most.characters} characters; this one has ${filter.length}.`);
  const tokens = tokensOf(filter);
  let place = 0;
  let nodes = 0;
  const peek = () => tokens[place] ?? { is: 'end', text: '', at: filter.length };
  const next = () => {
    const token = peek();
    place++;
    return token;
  };
  const isWord = (word: string) => peek().is === 'name' && peek().text === word;
  const made = <E extends Expression>(expression: E): E => {
    if (++nodes > most.nodes) throw wrong(peek().at, `a filter has at most ${most.nodes} parts.`);
    return expression;
  };
  const expect = (sign: string) => {
    const token = next();
    if (token.text !== sign || token.is !== 'sign') throw wrong(token.at, `'${sign}' is missing here.`);
  };
  const deeper = (depth: number) => {
    if (depth >= most.depth) throw wrong(peek().at, `a filter is nested at most ${most.depth} levels deep.`);
    return depth + 1;
  };

  function or(depth: number): Expression {
    let left = and(depth);
    while (isWord('or')) {
      const { at } = next();
      left = made({ is: 'or', type: 'boolean', left: truth(left, at), right: truth(and(depth), at) });
    }
    return left;
  }

  function and(depth: number): Expression {
    let left = comparison(depth);
    while (isWord('and')) {
      const { at } = next();
      left = made({ is: 'and', type: 'boolean', left: truth(left, at), right: truth(comparison(depth), at) });
    }
    return left;
  }

  function comparison(depth: number): Expression {
    const left = unary(depth);
    const { is, text, at } = peek();
    if (is !== 'name') return left;
    if (text === 'in') {
      next();
      expect('(');
      const list = [fitting(left, primary(depth), at)];
      while (peek().text === ',') {
        next();
        list.push(fitting(left, primary(depth), at));
      }
      expect(')');
      return made({ is: 'in', type: 'boolean', left, list });
    }
    if (!isComparison(text)) return left;
    next();
    const right = fitting(left, unary(depth), at);
    return made({ is: 'compare', type: 'boolean', operator: text, left: fitting(right, left, at), right });
  }

  function unary(depth: number): Expression {
    if (!isWord('not')) return primary(depth);
    const { at } = next();
    const operand = unary(deeper(depth));
    if (operand.type !== 'boolean')
      throw wrong(at, '`not` turns a condition around: put the whole of it in parentheses, not (a eq b).');
    return made({ is: 'not', type: 'boolean', operand });
  }

  function primary(depth: number): Expression {
    const token = next();
    const { is, text, at } = token;
    if (is === 'sign' && text === '(') {
      const inner = or(deeper(depth));
      expect(')');
      return inner;
    }
    if (is === 'text') return made({ is: 'literal', type: 'text', value: text.slice(1, -1).replaceAll("''", "'") });
    if (is === 'number') return made({ is: 'literal', type: 'number', value: text });
    if (is === 'instant' || is === 'date') return made(moment(token));
    if (is === 'name') return named(token, depth);
    throw wrong(
      at,
      is === 'end' ? 'the filter ends where a value should be.' : `'${text}' stands where a value should be.`,
    );
  }

  function named({ text, at }: Token, depth: number): Expression {
    if (peek().text === '(' && peek().is === 'sign') return call(text, at, deeper(depth));
    if (text === 'null') return made({ is: 'literal', type: 'null', value: null });
    if (text === 'true' || text === 'false') return made({ is: 'literal', type: 'boolean', value: text === 'true' });
    const type = types.get(text);
    if (type) return made({ is: 'property', type, name: text });
    throw wrong(at, `there is no column '${text}'. There are: ${[...types.keys()].join(', ')}.`);
  }

  function call(name: string, at: number, depth: number): Expression {
    if (!isFunction(name)) {
      const status = unsupported.includes(name) ? 501 : 400;
      throw wrong(at, `the function '${name}' is not supported. There are: ${functionNames.join(', ')}.`, status);
    }
    const { takes, gives } = functions[name];
    expect('(');
    const args: Expression[] = [];
    for (const [nth, fits] of takes.entries()) {
      if (nth > 0) expect(',');
      const place = peek().at;
      const arg = or(depth);
      if (arg.type !== 'null' && !(fits as readonly ValueType[]).includes(arg.type))
        throw wrong(place, `${name} takes ${fits.join(' or ')} here, not ${arg.type}.`);
      args.push(arg);
    }
    expect(')');
    return made({ is: 'call', type: gives, name, args });
  }

  const expression = or(0);
  const rest = peek();
  if (rest.is !== 'end') throw wrong(rest.at, `'${rest.text}' is more than a filter can have here.`);
  return truth(expression, 0);
}

function moment({ is, text, at }: Token): Expression {
  // Seconds may be left out in OData.
  const value = text.replace(/T(\d\d:\d\d)(?=[Z+-])/, 'T$1:00');
  if (!(is === 'date' ? isCalendarDate(value) : isTimestamp(value))) throw wrong(at, `${text} is not in the calendar.`);
  return { is: 'literal', type: is === 'date' ? 'date' : 'instant', value };
}

function truth(expression: Expression, at: number): Expression {
  if (expression.type === 'boolean') return expression;
  throw wrong(at, `a condition is needed here, not ${expression.type}: compare it with something.`);
}

/** The second, where it can be compared with the first. A day stands for its first moment, in UTC. */
function fitting(first: Expression, second: Expression, at: number): Expression {
  if (first.type === second.type || first.type === 'null' || second.type === 'null') return second;
  if (first.type === 'instant' && second.is === 'literal' && second.type === 'date')
    return { is: 'literal', type: 'instant', value: `${second.value}T00:00:00Z` };
  if (first.is === 'literal' && first.type === 'date' && second.type === 'instant') return second;
  throw wrong(at, `${first.type} cannot be compared with ${second.type}.`);
}
