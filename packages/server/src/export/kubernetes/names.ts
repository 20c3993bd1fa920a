/** Where everything is deployed. */
export const NAMESPACE = 'monitoring'

/** The labels by which pods and services are found. */
export const labelsOf = (name: string) => ({ 'app.kubernetes.io/name': name })

/** The metadata of a thing of ours. */
export const named = (name: string) => ({ name, namespace: NAMESPACE, labels: labelsOf(name) })
