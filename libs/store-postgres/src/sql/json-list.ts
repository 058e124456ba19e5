/** A list of json; an empty one where the value is no list: what is in `workers` was told by a worker of whatever release. */
export const jsonList = (json: string): string =>
  `case json_typeof(${json}) when 'array' then ${json} else '[]'::json end`;
