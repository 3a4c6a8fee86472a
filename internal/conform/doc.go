// Package conform checks that a crawler keeps the contract of package crawl. It is a suite of checks,
// each with an exact oracle, and each tested with the deliberately broken crawlers of package mutant.
//
// The input is a crawler, the output a result for each check. Each check runs in its own process, so
// that a deadlock, a leak, a panic or an endless loop is the result of that check and does not end the
// suite.
package conform
