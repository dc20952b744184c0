module example/fetch

go 1.19
