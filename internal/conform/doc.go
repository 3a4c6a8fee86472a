// Package conform checks that a crawler keeps the contract of package crawl: a suite of checks,
// each with an exact oracle
// and each shown to bite by a deliberately broken crawler of package mutant.
//
// A crawler goes in, a verdict for every check comes out. Each check runs in a process of its own, so that a deadlock,
// a leak, a panic or an endless loop is that check's verdict and not the end of the suite.
package conform
