import { Type } from 'typebox';
import { decimalsOf, minorDigits, unknownCurrency } from '../../currencies.ts';
import type { Client } from '../../db/pool.ts';
import { type FieldError, refuse } from '../../errors.ts';
import { Currency, Decimal, Id, nullable, Uuid } from '../../http/schemas.ts';
import { declareNoun, type GivenOf, momentOrNow, type RowOf } from '../../managed/declare.ts';
import { unknownReferences } from '../../managed/references.ts';
import { outOfRange } from '../../managed/status.ts';

const amount = (description: string) => nullable(Type.String({ ...Decimal, description }));

export const empowermentActions = declareNoun({
  table: 'empowerment_actions',
  one: 'empowerment_action',
  called: ['an empowerment action', 'empowerment actions'],
  tag: 'Employee voice',
  description: 'What an employee gave a customer on the spot to put something right, without asking anybody.',
  key: 'id',
  required: {
    by: Type.String({ minLength: 1, maxLength: 128, description: 'The employee, as you name people.' }),
    given: Type.String({ minLength: 1, maxLength: 4000, description: 'What the customer was given, in words.' }),
  },
  optional: {
    customer_id: nullable(
      Type.String({ ...Id, description: 'The customer, where known. Null again once the customer is erased.' }),
    ),
    unit: nullable(Type.String({ ...Id, description: 'The unit of the employee.' })),
    value: amount('What it was worth; "0" for what costs nothing.'),
    limit_amount: amount(
      'What employees were allowed to give at the time, in the same currency. Null where no limit is known.',
    ),
    currency: nullable(Type.String({ ...Currency, description: 'The currency of both (ISO 4217).' })),
    follow_up_avoided: nullable(
      Type.Boolean({ description: 'Whether it made a follow-up unnecessary. Null: nobody knows.' }),
    ),
    follow_up: nullable(Type.String({ ...Uuid, description: 'The follow-up that it solved, by its id, if any.' })),
    acted_at: momentOrNow('When it was; now unless given.'),
  },
  derived: {
    within_limit: nullable(
      Type.Boolean({ description: 'Whether the value is within the limit. Null where one of the two is.' }),
    ),
  },
  time: 'acted_at',
  filters: ['by', 'customer_id', 'unit', 'within_limit'],
  example: {
    by: 'Ines',
    given: 'A free night for the noise',
    customer_id: 'C-1042',
    unit: 'store-12',
    value: '80.00',
    limit_amount: '100.00',
    currency: 'EUR',
    follow_up_avoided: true,
  },
});

type Action = GivenOf<typeof empowermentActions>;

/**
 * The rules of an empowerment action: amounts that a currency can have, and references that are there. The customer may
 * be unknown yet, as facts arrive in any order.
 * @returns whether it is within the limit
 * @throws ApiError 422
 */
export async function completeAction(
  client: Client,
  row: Action,
  before: RowOf<typeof empowermentActions> | undefined,
): Promise<{ within_limit: boolean | null }> {
  const { value, limit_amount, currency } = row;
  const errors: FieldError[] = [
    ...unknownCurrency({ currency: currency ?? undefined }, 'currency'),
    ...amountErrors(row, 'value'),
    ...amountErrors(row, 'limit_amount'),
    ...outOfRange('acted_at', row.acted_at),
    ...(await unknownReferences(client, row, before, ['unit', 'follow_up'])),
    ...(await otherCustomer(client, row)),
  ];
  const wrong = (pointer: string, code: string, detail: string) => errors.push({ pointer, code, detail });
  const hasAmount = value !== null || limit_amount !== null;
  if (hasAmount && currency === null) wrong('/currency', 'required', 'Say which currency the amounts are in.');
  if (!hasAmount && currency !== null)
    wrong(
      '/currency',
      'no_amount',
      'There is no amount in a currency: send a value or a limit_amount, or leave it out.',
    );
  if (row.follow_up !== null && row.follow_up_avoided === true)
    wrong(
      '/follow_up_avoided',
      'has_follow_up',
      'There was a follow-up, so none was avoided: send false, or leave follow_up out.',
    );
  refuse(errors);
  return { within_limit: value === null || limit_amount === null ? null : isAtMost(value, limit_amount) };
}

function amountErrors(row: Action, name: 'value' | 'limit_amount'): FieldError[] {
  const given = row[name];
  const digits = minorDigits(row.currency ?? '');
  if (given === null) return [];
  if (/^-.*[1-9]/.test(given)) return [{ pointer: `/${name}`, code: 'below_zero', detail: `${name} is "0" or more.` }];
  if (row.currency === null || decimalsOf(given) <= digits) return [];
  const detail = `${row.currency} has ${digits} decimals; ${given} has more.`;
  return [{ pointer: `/${name}`, code: 'too_many_decimals', detail }];
}

/** Compares two amounts of 0 or more exactly: as whole numbers of their smallest decimal (12, see `Decimal`). */
function isAtMost(one: string, other: string): boolean {
  const whole = (amount: string) => {
    const [units = '0', decimals = ''] = amount.replace('-', '').split('.');
    return BigInt(units + decimals.padEnd(12, '0'));
  };
  return whole(one) <= whole(other);
}

/** A follow-up is of one customer, so it tells whose action it was. */
async function otherCustomer(client: Client, { follow_up, customer_id }: Action): Promise<FieldError[]> {
  if (follow_up === null || customer_id === null) return [];
  const [found] = await client.rows<{ customer_id: string }>('select customer_id from follow_ups where id = $1', [
    follow_up,
  ]);
  if (!found || found.customer_id === customer_id) return [];
  const detail = `The follow-up is of another customer than '${customer_id}'.`;
  return [{ pointer: '/follow_up', code: 'other_customer', detail }];
}
