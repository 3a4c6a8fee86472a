// Package redis names the module of what several processes share over Valkey or Redis, so that the clients of these
// stay out of crawlbench itself:
//
//   - server starts and stops a server, or uses a running one;
//   - limit has rate limiters for a fleet of processes;
//   - frontier has crawlers whose visited set and frontier are on the server;
//   - conform checks such crawlers in virtual time;
//   - fleet runs the processes of a crawl so that they can be killed, and crash kills them and their
//     server;
//   - paper simulates larger fleets than one machine can run;
//   - cmd/crawlbench is crawlbench with all of these.
//
// The versions of all libraries are pinned in the module's go.mod. No other module of crawlbench imports them.
package redis
