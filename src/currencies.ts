import type { FieldError } from './errors.ts';

// ISO 4217, table A.1, of 2024: every other currency has two decimals. (Intl follows CLDR, which rounds some currencies
// that ISO gives decimals, so it cannot be asked.)
const minorDigitsOf = new Map([
  ...'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'.split(' ').map((code) => [code, 0] as const),
  ...'BHD IQD JOD KWD LYD OMR TND'.split(' ').map((code) => [code, 3] as const),
  ...'CLF UYW'.split(' ').map((code) => [code, 4] as const),
]);

// Intl leaves out the units of account, such as the Unidad de Fomento (CLF).
const known = new Set([...Intl.supportedValuesOf('currency'), ...minorDigitsOf.keys()]);

/** How many decimals an amount of a currency may have. */
export const minorDigits = (currency: string) => minorDigitsOf.get(currency) ?? 2;

/** The error of a field that names no currency of ISO 4217, present or past; nothing where it names one, or nothing. */
export function unknownCurrency<N extends string>(
  row: { readonly [K in N]?: string | undefined },
  name: N,
): FieldError[] {
  const currency = row[name];
  return currency === undefined || known.has(currency)
    ? []
    : [
        {
          pointer: `/${name}`,
          code: 'unknown_currency',
          detail: `'${currency}' is no currency of ISO 4217, such as EUR or USD.`,
        },
      ];
}

/** How many decimals a decimal number in plain or scientific notation has, trailing zeros left aside. */
export function decimalsOf(amount: string): number {
  const [mantissa = '', exponent = '0'] = amount.toLowerCase().split('e');
  const decimals = (mantissa.split('.')[1] ?? '').replace(/0+$/, '').length;
  return Math.max(0, decimals - Number(exponent));
}
