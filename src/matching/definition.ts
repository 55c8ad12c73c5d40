import { usualLanguage } from './languages.ts';

/**
 * When a response has a problem, once, as SQL: matching and its verification both read this statement.
 *
 * - by theme: the response has one of the problem's themes, written alike.
 * - by phrase: the comment holds the words of one of the problem's phrases, one after the other, after both went through
 *   the text search of PostgreSQL in the problem's language, or else in that of the response's survey. Words that the
 *   language does not index (`of`, `the`) are not looked for; their place must be taken by some word. A phrase of such
 *   words alone matches nothing.
 *
 * Archived problems match nothing.
 *
 * The rows of the CTE `computed` are (problem, response_id, by_theme, by_phrase). `all` reads every response; `some`
 * those whose ids are $1, by index, for the problems whose keys are $2, or all where that is null. The document of a
 * response is made once for each language that is asked for, and the phrases of a problem are one query, so that each
 * document is searched once a problem: of what it costs, nearly all is making the documents. Phrases are never written
 * into the statement: they are read from the table.
 */
export const computedSql = (scope: 'all' | 'some') => `
  asked as materialized (
    select r.id, r.comment, r.themes, coalesce(s.language, '${usualLanguage}') as language
    from responses r left join surveys s on s.key = r.survey
    ${scope === 'some' ? 'where r.id = any($1::text[])' : ''}
  ),
  wanted as materialized (
    select p.key, p.language, p.phrases, p.themes from problems p
    where p.archived_at is null ${scope === 'some' ? 'and ($2::text[] is null or p.key = any($2::text[]))' : ''}
  ),
  queries as materialized (
    select w.key, l.language, w.language is null as by_survey,
      string_agg('(' || q.query::text || ')', ' | ')::tsquery as query
    from wanted w
    cross join lateral (
      select w.language where w.language is not null
      union all select distinct a.language from asked a where w.language is null
    ) l(language)
    cross join unnest(w.phrases) as phrase
    cross join lateral (select phraseto_tsquery(l.language::regconfig, phrase) as query) q
    where numnode(q.query) > 0
    group by w.key, l.language, w.language is null
  ),
  documents as materialized (
    select a.id, a.language as spoken, l.language, to_tsvector(l.language::regconfig, a.comment) as document
    from asked a
    cross join lateral (
      select distinct q.language from queries q where not q.by_survey or q.language = a.language
    ) l
    where a.comment is not null
  ),
  found as (
    select q.key as problem, d.id as response_id, false as by_theme, true as by_phrase
    from documents d join queries q on q.language = d.language and (not q.by_survey or d.spoken = q.language)
    where d.document @@ q.query
    union all
    select w.key, a.id, true, false from asked a join wanted w on a.themes && w.themes
  ),
  computed as materialized (
    select problem, response_id, bool_or(by_theme) as by_theme, bool_or(by_phrase) as by_phrase
    from found group by problem, response_id
  )`;
