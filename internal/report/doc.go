// Package report turns the analysis of a run into a view, and renders that as text, Markdown and HTML; package ui shows
// it as web pages. It never measures.
//
// It draws its charts as SVG: lines with bands, stacked bars, ratios with their intervals, samples in order, and flame
// graphs. Colours are classes, s0 to s7 for series, with d1 and d2 for dashes, and k- followed by a name for kinds,
// which Style defines for light and dark. The palette is that of Okabe and Ito, which people with colour blindness can
// distinguish. Each chart has a title and a description for those who cannot see it.
package report
