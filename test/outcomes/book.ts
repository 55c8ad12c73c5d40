/** What those who tell the definitions a second time share: no SQL, one fact after the other. */

export interface Payment {
  customer_id: string;
  amount: string;
  currency: string;
  occurred_at: Date;
}
export interface RetentionEvent {
  id: string;
  customer_id: string;
  type: string;
  occurred_at: Date;
}
export interface Rate {
  id: string;
  rate: string;
}
export interface Settings {
  time_zone: string;
  currency: string;
  windows_days: number[];
}

export const dayMs = 86_400_000;

/** What a payment is worth in ten-thousandths of the reporting currency; undefined where no rate is known. */
export type Converter = (payment: Payment) => number | undefined;

/** Amounts have two decimals here and rates at most four. */
export function converter(settings: Settings, rates: readonly Rate[]): Converter {
  return ({ amount, currency, occurred_at }) => {
    const cents = Math.round(Number(amount) * 100);
    if (currency === settings.currency) return cents * 100;
    const day = Date.parse(localDay(occurred_at, settings.time_zone));
    for (let back = 0; back < 7; back++) {
      const date = new Date(day - back * dayMs).toISOString().slice(0, 10);
      const rate = rates.find(({ id }) => id === `${currency}-${settings.currency}-${date}`);
      if (!rate) continue;
      const millionths = cents * Math.round(Number(rate.rate) * 10_000);
      return Math.sign(millionths) * Math.floor((Math.abs(millionths) + 50) / 100);
    }
    return undefined;
  };
}

export const localDay = (moment: Date, timeZone: string) =>
  new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(moment);

/** By time, and of two at the same time by id. */
export const inOrder = <T extends { id: string }>(rows: T[], time: (row: T) => Date) =>
  [...rows].sort((a, b) => time(a).getTime() - time(b).getTime() || (a.id < b.id ? -1 : 1));

export function isActive(events: RetentionEvent[], moment: number): boolean {
  const ordered = inOrder(events, ({ occurred_at }) => occurred_at);
  const last = ordered.findLast(({ occurred_at }) => occurred_at.getTime() <= moment);
  const next = ordered.find(({ occurred_at }) => occurred_at.getTime() > moment);
  if (last) return last.type !== 'churned';
  return next?.type === 'renewed' || next?.type === 'churned';
}
