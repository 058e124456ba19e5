/** The page in the dashboard's place while there is no build of it. It looks again by itself. */
export function unbuiltPage(): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="3">
<title>Lovage</title>
</head>
<body>
<h1>The dashboard is not built yet</h1>
<p><code>npm start</code> builds it, beside the start, when its sources have changed: this page opens it as soon as it is there.</p>
<p>A gateway that was started in another way serves <code>apps/dashboard/dist</code>, or what DASHBOARD_DIR names. To build it:</p>
<pre>npm run build -- --projects=dashboard</pre>
<p>The API works without it: <a href="/docs">/docs</a>.</p>
</body>
</html>
`;
}
