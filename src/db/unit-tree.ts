/** The keys of a unit and of everything below it, as a subquery; `unit` is the `$n` of the unit's key. A circle ends it. */
export const unitsBelow = (unit: string) => `(
  with recursive below(key) as (
    select ${unit}::text union select u.key from units u join below b on u.parent = b.key
  ) select key from below)`;
