/** A list of json, or an empty one where it is none: what is in `workers` was told by a worker of whatever release. */
export const jsonList = (json: string): string =>
  `case json_typeof(${json}) when 'array' then ${json} else '[]'::json end`;
