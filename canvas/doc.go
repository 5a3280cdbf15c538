// Package canvas draws: raster sheets for what a net saw, galleries and contact sheets, and charts as SVG. It takes plain bytes and
// numbers, and knows neither data nor models.
//
// Start with sheet.go, then grid.go, spectrogram.go and chart.go.
package canvas
