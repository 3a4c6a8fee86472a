// Package server serves a graph as web sites over HTTP/1.1, and verifies from its own log how they were crawled.
//
// It takes a graph, the Behaviour of its fetches and Settings. A Site is an http.Handler that answers for all hosts of
// the graph: pages of HTML, robots.txt, redirects and refusals. Each answer depends only on the seed, the URL and the
// number of the attempt, never on the order of requests. Its Verdict says which pages were found, missed or fetched
// twice, which URLs were requested that no link leads to, how many requests were in flight, and with which gaps.
//
// A client selects the host by the header Host, or sends absolute URLs as to a forward proxy, so that a crawler in any
// language needs only support for http_proxy. The Site is not a proxy: it knows the hosts of its graph, and never opens
// a connection.
//
// Links with rel=nofollow lead to pages that the same page links to without it as well. A crawler that skips them and
// one that follows them have to find the same pages; one that drops the page altogether misses it.
package server
