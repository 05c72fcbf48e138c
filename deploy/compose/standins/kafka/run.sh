#!/bin/bash
# Turns KAFKA_ variables into settings with Kafka's own wrapper class, formats, becomes the broker.
set -euo pipefail
export CLUSTER_ID=${CLUSTER_ID:-5L6g3nShT-eMCtK--X86sw}
logs=${LOG_DIR:-/opt/kafka/logs}
[ -w /opt/kafka/config/ ] || { echo "/opt/kafka/config/ file not writable"; exit 1; }
if [ -z "${KAFKA_LISTENERS:-}" ] && [ -n "${KAFKA_ADVERTISED_LISTENERS:-}" ]; then
    KAFKA_LISTENERS=$(sed 's|://[^:]*:|://0.0.0.0:|g' <<<"$KAFKA_ADVERTISED_LISTENERS")
    export KAFKA_LISTENERS
fi
mkdir -p "$logs"

# Each of these variables holds several words.
read -ra heap <<<"${KAFKA_HEAP_OPTS:--Xms1g -Xmx1g}"
read -ra collecting <<<"${KAFKA_GC_LOG_OPTS:--Xlog:gc*:file=$logs/kafkaServer-gc.log}"
read -ra speed <<<"${KAFKA_JVM_PERFORMANCE_OPTS:--XX:+UseG1GC}"
read -ra logging <<<"${KAFKA_LOG4J_OPTS:--Dlog4j2.configurationFile=/opt/kafka/config/log4j2.yaml}"
read -ra more <<<"${KAFKA_OPTS:-} -Dcom.sun.management.jmxremote=true"

java -Xmx256m "${logging[@]}" -cp "/opt/kafka/libs/*" kafka.docker.KafkaDockerWrapper setup \
    --default-configs-dir /etc/kafka/docker --mounted-configs-dir /mnt/shared/config \
    --final-configs-dir /opt/kafka/config >/tmp/setup 2>&1 \
    || grep -i "already formatted" /tmp/setup || { cat /tmp/setup; exit 1; }
exec java "${heap[@]}" "${speed[@]}" "${collecting[@]}" "-Dkafka.logs.dir=$logs" "${logging[@]}" \
    "${more[@]}" -cp "/opt/kafka/libs/*" kafka.Kafka /opt/kafka/config/server.properties
