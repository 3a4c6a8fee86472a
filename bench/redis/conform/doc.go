// Package conform checks crawlers for fleets: that the processes of a crawl lose no page and fetch none twice, that
// they end when the crawl does, and what happens when a process or the server dies.
//
// A Check runs on a Subject, one of the crawlers of package frontier, perhaps broken on purpose, and returns the faults
// that it found. The processes of a fleet are groups of goroutines with clients of their own, on a server in memory
// over net.Pipe, in a bubble of testing/synctest: hours pass in milliseconds, and times are exact. To crash a process,
// its context is cancelled and its connections are closed.
//
// Mutants are crawlers that are broken on purpose. The file conformance.md says which check finds which.
package conform
