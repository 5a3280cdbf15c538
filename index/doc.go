// Package index finds the nearest of many vectors. Flat (flat.go) compares a query with every one of them, exactly: a product of matrices a block at a time,
// of which the largest of each row are kept. What vectors mean, and how they came about, lives above.
package index
