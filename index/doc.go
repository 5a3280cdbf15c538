// Package index finds the nearest of many vectors. Flat (flat.go) compares a query with every one of them, exactly: a product of matrices a tile at a time,
// which is looked through for the largest of each query before it leaves a core's cache. IVF (ivf.go) compares it with those in the cells nearest to it, approximately. What vectors mean, and how they came about, lives above.
package index
