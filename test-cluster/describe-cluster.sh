#!/bin/sh
# Describes the cluster of compose.yaml with the commands of the 2013 README. Arguments: ZooKeeper servers, root.
set -eu

zookeeper=$1
root=$2
bin=packages/coordinator/bin/backpack-coordinator

node "$bin-init.cjs" "$zookeeper" "$root" backpack-queue redis-1:6379,redis-2:6379
for id in 1 2 3 4 5 6; do
  node "$bin-add-server.cjs" "$zookeeper" "$root" "$id" "http://store-$id:1000$id"
done
node "$bin-add-shard.cjs" "$zookeeper" "$root" 1 1,4 100gb
node "$bin-add-shard.cjs" "$zookeeper" "$root" 2 2,5 100gb
node "$bin-add-shard.cjs" "$zookeeper" "$root" 3 3,6 100gb
for id in 1 2 3; do
  node "$bin-enable-shard.cjs" "$zookeeper" "$root" "$id"
done
