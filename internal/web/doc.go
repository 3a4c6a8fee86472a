// Package web is the site that crawlers crawl: it serves a graph from memory with the latency,
// processor cost and failures of a graph.Behaviour, and verifies every crawl against the sequential
// oracle. Package server serves the same graphs over HTTP.
//
// It takes a graph and the set of reachable pages. For one crawl at a time it provides the Web and
// the Limiter, and at the end the Violations. An incorrect crawl is never reported as a result.
//
// Two checks ensure that a page is fetched only after a link to it was handed out. A crawl that is
// not timed is exact: every fetch is checked against all links handed out before it. In a timed
// crawl some pages are renamed, which costs nothing: a crawler that remembers pages from another
// crawl, or guesses them, fetches pages that no link leads to.
package web
