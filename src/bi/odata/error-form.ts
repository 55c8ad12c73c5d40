import { Type } from 'typebox';
import type { ErrorForm } from '../../http/error-handler.ts';
import { closed, ref } from '../../http/schemas.ts';

/** What bodies of OData are, errors too. Byte for byte: Power Query does not take it with a charset. */
export const json = 'application/json;odata.metadata=minimal';

/** Errors as OData has them. */
export const odataForm: ErrorForm = {
  type: json,
  body: ({ code, detail, errors }) => ({
    error: {
      code,
      message: detail,
      ...(errors[0] && { target: errors[0].pointer }),
      details: errors.map((one) => ({ code: one.code, message: one.detail, target: one.pointer })),
    },
  }),
};

const ODataError = Type.Object(
  {
    error: closed({
      code: Type.String(),
      message: Type.String({ description: 'What happened and what to do about it.' }),
      target: Type.Optional(Type.String({ description: 'The option that is wrong.' })),
      details: Type.Array(closed({ code: Type.String(), message: Type.String(), target: Type.String() })),
    }),
  },
  { $id: 'ODataError', additionalProperties: false, description: 'Every answer of OData of 400 and above.' },
);

/** Such an error in the contract. */
export const refused = { description: 'An error.', content: { [json]: { schema: ref(ODataError) } } };
