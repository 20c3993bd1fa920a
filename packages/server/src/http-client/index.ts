export { type Call, type ClientSetup, HttpClient } from './client.js'
export { type CallTaker, ConnectTimeOut } from './connection.js'
export { type AnswerHead, InvalidAnswer, MAX_HEAD_BYTES } from './head.js'
export type { RequestHead } from './request.js'
