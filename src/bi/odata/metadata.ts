import type { BiSet, Kind, SetColumn } from '../set.ts';

const edmTypes: Record<Kind, string> = {
  text: 'Type="Edm.String"',
  instant: 'Type="Edm.DateTimeOffset" Precision="3"',
  date: 'Type="Edm.Date"',
  decimal: 'Type="Edm.Decimal" Scale="variable"',
  double: 'Type="Edm.Double"',
  integer: 'Type="Edm.Int64"',
  boolean: 'Type="Edm.Boolean"',
};

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' };
const xml = (text: string) => text.replace(/[&<>"']/g, (found) => escapes[found] ?? found);

const described = (text: string) => `<Annotation Term="Org.OData.Core.V1.Description" String="${xml(text)}"/>`;

const property = ({ name, kind, nullable, description }: SetColumn) =>
  `<Property Name="${name}" ${edmTypes[kind]} Nullable="${nullable}">${described(description)}</Property>`;

/** The model of the sets as OData's XML (CSDL 4.0). @param sets each with the columns that the reader may see */
export function metadataXml(sets: readonly { set: BiSet; columns: readonly SetColumn[] }[]): string {
  const types = sets.map(
    ({ set, columns }) =>
      `<EntityType Name="${set.one}"><Key>${set.key.map((name) => `<PropertyRef Name="${name}"/>`).join('')}</Key>${columns.map(property).join('')}</EntityType>`,
  );
  const entitySets = sets.map(
    ({ set }) =>
      `<EntitySet Name="${set.name}" EntityType="milemarker.${set.one}">${described(set.description)}</EntitySet>`,
  );
  return `<?xml version="1.0" encoding="utf-8"?>
<edmx:Edmx xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx" Version="4.0"><edmx:Reference Uri="https://oasis-tcs.github.io/odata-vocabularies/vocabularies/Org.OData.Core.V1.xml"><edmx:Include Namespace="Org.OData.Core.V1"/></edmx:Reference><edmx:DataServices><Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace="milemarker">${types.join('')}<EntityContainer Name="container">${entitySets.join('')}</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>
`;
}
