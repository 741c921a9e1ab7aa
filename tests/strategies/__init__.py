"""Each family: tables of sizes to grids, from the reference processors, and laws that hold for any size."""
