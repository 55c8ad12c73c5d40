import { columnTypes } from '../column-types.ts';
import type { BiSet, Kind, SetColumn } from '../set.ts';
import { functionNames } from './filter.ts';

const facets: Partial<Record<Kind, string>> = { instant: ' Precision="3"', decimal: ' Scale="variable"' };

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' };
const xml = (text: string) => text.replace(/[&<>"']/g, (found) => escapes[found] ?? found);

const described = (text: string) => `<Annotation Term="Org.OData.Core.V1.Description" String="${xml(text)}"/>`;

/** A vocabulary whose terms are used, with the address where it is explained. */
const vocabulary = (name: string) =>
  `<edmx:Reference Uri="https://oasis-tcs.github.io/odata-vocabularies/vocabularies/${name}.xml"><edmx:Include Namespace="${name}"/></edmx:Reference>`;

/** What tools need not try: they work the rest out themselves. */
const capabilities = [
  '<Annotation Term="Org.OData.Capabilities.V1.BatchSupported" Bool="false"/>',
  `<Annotation Term="Org.OData.Capabilities.V1.FilterFunctions"><Collection>${functionNames.map((name) => `<String>${name}</String>`).join('')}</Collection></Annotation>`,
].join('');

const property = ({ name, kind, nullable, description }: SetColumn) =>
  `<Property Name="${name}" Type="${columnTypes[kind].odata}"${facets[kind] ?? ''} Nullable="${nullable}">${described(description)}</Property>`;

/**
 * The model of the sets as OData's XML (CSDL 4.0). It has no navigation properties: what they promise, `$expand` and
 * addresses below a row, is not here, and tools relate sets by their columns.
 * @param sets each with the columns that the reader may see
 */
export function metadataXml(sets: readonly { set: BiSet; columns: readonly SetColumn[] }[]): string {
  const types = sets.map(
    ({ set, columns }) =>
      `<EntityType Name="${set.one}"><Key>${set.key.map((name) => `<PropertyRef Name="${name}"/>`).join('')}</Key>${columns.map(property).join('')}</EntityType>`,
  );
  const entitySets = sets.map(
    ({ set }) =>
      `<EntitySet Name="${set.name}" EntityType="milemarker.${set.one}">${described(set.description)}</EntitySet>`,
  );
  const schema = `<Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace="milemarker">${types.join('')}<EntityContainer Name="container">${entitySets.join('')}${capabilities}</EntityContainer></Schema>`;
  return `<?xml version="1.0" encoding="utf-8"?>
<edmx:Edmx xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx" Version="4.0">${vocabulary('Org.OData.Core.V1')}${vocabulary('Org.OData.Capabilities.V1')}<edmx:DataServices>${schema}</edmx:DataServices></edmx:Edmx>
`;
}
