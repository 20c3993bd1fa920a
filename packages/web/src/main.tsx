import { render } from 'preact'
import { App } from './app.js'
import './lib/theme.js'
import './style.css'

const page = document.getElementById('page')
if (page) render(<App />, page)
